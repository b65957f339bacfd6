#include <image_syncer/api/api.hpp>
