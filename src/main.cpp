#include <image_syncer/app/application.hpp>

#include <malloc.h>

int main(int argc, char** argv) {
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread yet
  // One heap per thread costs tens of megabytes for a program that allocates little at a time.
  mallopt(M_ARENA_MAX, 2);
  // Fixed, or glibc raises it with the first ring that is freed and keeps the later ones, and what
  // lies between them, in its heaps.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  // NOLINTEND(concurrency-mt-unsafe)
  return image_syncer::run_application(argc, argv);
}
