/** Models that order documents by how well they answer a query. */
import { encodeJson } from '../../../wire/json.ts';
import { malformed } from '../constraints.ts';
import { uniform } from '../random.ts';
import { countInputTokens } from '../tokens.ts';
import type { BodyShape } from './shape.ts';

export const rerank: BodyShape = {
  required: ['query', 'documents'],
  read({ query, documents }) {
    if (!Array.isArray(documents) || documents.length === 0) {
      return malformed('#/documents: expected minimum item count: 1, found: 0');
    }
    return { inputTokens: countInputTokens({ prompt: String(query), system: documents }), maxTokens: 0 };
  },
  write(_answer, _model, { query, documents, top_n: top }) {
    const scored = (documents as []).map((document, index) => ({
      index,
      relevance_score: uniform(0, String(query), encodeJson(document)),
    }));
    scored.sort((a, b) => b.relevance_score - a.relevance_score);
    return { results: typeof top === 'number' ? scored.slice(0, top) : scored };
  },
};
