// Begins, and keeps going.

makeAction(byId('sync-all'), 'Starting…', async () => {
  await call('runs', {});
  return 'The run has started.';
});

function tick() {
  if (document.hidden) {
    return;
  }
  updateTimes();
  refreshRegistries();
  checkConnection();
  if (state.status !== null) {
    drawLiveFacts();
    // Rates and ages go on while nothing is told.
    if (state.status.running.length > 0 && performance.now() - state.lastHeard > 1500) {
      draw(drawRunning);
    }
  }
}

document.addEventListener('visibilitychange', onVisible);
window.addEventListener('online', onVisible);
window.addEventListener('pageshow', (event) => event.persisted && onVisible());
// Without this Firefox shows an error while a page is left.
window.addEventListener('pagehide', () => {
  events?.close();
  events = null;
});

Object.keys(resources).forEach((name) => want(name));
connect();
setInterval(tick, 1000);
