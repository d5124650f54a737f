/**
 * ONNX Runtime's packages for Linux and macOS send telemetry to their maker and keep a device id and a database in the home folder, unless this is
 * set in the process's own environment before its first use (docs/Privacy.md of microsoft/onnxruntime). Nothing leaves a cluster by itself: to
 * be called before a thread is started that may load it, since a thread's `process.env` is a copy. Who sets the variable has the last word.
 */
export function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}
