#include <image_syncer/app/application.hpp>

#include <malloc.h>

int main(int argc, char** argv) {
  // One heap per thread costs tens of megabytes for a program that allocates little at a time.
  mallopt(M_ARENA_MAX, 2);  // NOLINT(concurrency-mt-unsafe): there is one thread yet
  return image_syncer::run_application(argc, argv);
}
