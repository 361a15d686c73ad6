/** The member `schema` of a load-test result. */
export const loadTestResultVersion = "gpumedia.io/loadtest/v1";
