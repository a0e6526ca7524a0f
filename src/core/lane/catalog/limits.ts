/** A lane's quota. Absent: that limit does not exist (or is not known). */
export interface Limits {
  requests_per_minute?: number;
  tokens_per_minute?: number;
}
