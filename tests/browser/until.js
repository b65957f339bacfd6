// Waiting for something to become true, with a limit.
'use strict';

const { setTimeout: pause } = require('node:timers/promises');

const kPoll = 50; // ms between two looks
const kLimit = 60_000; // ms; only a test that fails waits so long

// Asks `condition` again and again until it gives something true, and gives that. A condition that
// throws is not fulfilled yet: a page may just be drawn anew, a daemon just be started. Throws with
// `what` and the last reason after `limit` milliseconds.
async function until(what, condition, limit = kLimit) {
  const deadline = Date.now() + limit;
  for (;;) {
    let reason;
    try {
      const value = await condition();
      if (value) {
        return value;
      }
      reason = `the last look gave ${JSON.stringify(value)}`;
    } catch (error) {
      if (error.isFinal) {
        throw error;
      }
      reason = error.cause ? `${error.message}: ${error.cause.message}` : error.message;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${limit / 1000} s: ${what} (${reason})`);
    }
    await pause(kPoll);
  }
}

module.exports = { until };
