#pragma once

namespace image_syncer {

/// What a call for a run came to.
enum class RunReply { started, already_running, no_such_rule, ending };

}  // namespace image_syncer
