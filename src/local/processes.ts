/** Whether a process of this id runs on this host. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user cannot be sent a signal, but it runs.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
