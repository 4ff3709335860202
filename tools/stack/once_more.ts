/*
 * For end-to-end tests only: one that fails is run once more, and its first failure is printed. Real kernels, brokers
 * and browsers share a machine with everybody else; what fails twice is wrong. What fails once is in the log, to be mended.
 */
jest.retryTimes(1, { logErrorsBeforeRetry: true });
