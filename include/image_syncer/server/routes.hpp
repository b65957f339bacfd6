#pragma once

#include <image_syncer/server/router.hpp>
#include <image_syncer/server/sync_port.hpp>

namespace image_syncer {

/// `/images/sync/hook`, `/images/sync/do`, `/webhooks/SENDER`, `/metrics`, `/healthz` and `/readyz`
/// (docs/configuration.md, The hook). `port` outlives the router.
void add_sync_routes(Router& router, SyncPort& port);

}  // namespace image_syncer
