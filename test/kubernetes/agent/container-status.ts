import { type JsonMap, textAt, timestamp } from '../api/objects.js';
import type { Exit } from './process.js';

/** The status of one container as it goes through its states (core/v1 ContainerStatus). */
export interface Status extends JsonMap {
  readonly name: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: JsonMap;
  readonly lastState: JsonMap;
}

export function created(container: JsonMap, init = false): Status {
  return {
    name: textAt(container, 'name'),
    image: textAt(container, 'image'),
    imageID: '',
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason: init ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: {},
  };
}

export function waiting(status: Status, reason: string, message?: string): Status {
  const terminated = status.state['terminated'];
  return {
    ...status,
    ready: false,
    started: false,
    state: { waiting: { reason, ...(message ? { message } : {}) } },
    lastState: terminated === undefined ? status.lastState : { terminated },
  };
}

export function running(status: Status, ready: boolean): Status {
  const terminated = status.state['terminated'];
  return {
    ...status,
    ready,
    started: true,
    containerID: `test://${status.name}/${status.restartCount}`,
    imageID: `test/${textAt(status, 'image')}`,
    state: { running: { startedAt: timestamp() } },
    lastState: terminated === undefined ? status.lastState : { terminated },
  };
}

export function terminated(status: Status, exit: Exit, reason?: string): Status {
  const started = (status.state['running'] as JsonMap | undefined)?.['startedAt'] ?? timestamp();
  return {
    ...status,
    ready: false,
    started: false,
    state: {
      terminated: {
        exitCode: exit.exitCode,
        reason: reason ?? (exit.exitCode === 0 ? 'Completed' : 'Error'),
        startedAt: started,
        finishedAt: timestamp(),
        containerID: `test://${status.name}/${status.restartCount}`,
      },
    },
  };
}
