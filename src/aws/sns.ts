import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { BatchTopic } from '../core/batch/ports.ts';

export function snsBatchTopic(client: SNSClient, topicArn: string): BatchTopic {
  return {
    async publish(subject, message) {
      await client.send(
        new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: JSON.stringify(message) }),
      );
    },
  };
}
