/** Parameters as a query or form parser gives them: a repeated one is an array, which oidc-provider refuses. */
export type Parameters = Record<string, string | string[] | undefined>;
