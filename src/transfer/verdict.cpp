#include "transfer/verdict.hpp"

#include <image_syncer/http/session.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/error.hpp>

namespace image_syncer {
namespace {

VerdictKind kind_of(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::retry:
    case ErrorClass::new_upload:
    case ErrorClass::range:
      return VerdictKind::again;
    case ErrorClass::limited:
      return VerdictKind::limited;
    case ErrorClass::registry:
      return VerdictKind::give_up_host;
    case ErrorClass::missing_blobs:
      return VerdictKind::missing_blobs;
    case ErrorClass::immutable_tag:
      return VerdictKind::immutable_tag;
    case ErrorClass::auth:
    case ErrorClass::absent:
    case ErrorClass::image:
    case ErrorClass::repository:
    case ErrorClass::chunked:
    case ErrorClass::other_method:
    case ErrorClass::page_size:
      return VerdictKind::fail;
  }
  return VerdictKind::fail;
}

Verdict judge_registry(const RegistryError& error) {
  Verdict verdict;
  verdict.kind = kind_of(error.error_class());
  verdict.reason = error.message();
  verdict.retry_after = error.retry_after();
  verdict.digests = error.digests();
  verdict.host_failed = error.status() >= 500 && error.error_class() == ErrorClass::retry;
  return verdict;
}

}  // namespace

Verdict judge(const std::exception_ptr& failure) {
  Verdict verdict;
  try {
    std::rethrow_exception(failure);
  } catch (const RegistryError& error) {
    return judge_registry(error);
  } catch (const TransportError& error) {
    // Waiting does not change whom a server or a proxy trusts, or what it speaks.
    verdict.kind = error.failure() == TransportFailure::certificate ||
                           error.failure() == TransportFailure::proxy_refused ||
                           error.failure() == TransportFailure::tls_not_spoken
                       ? VerdictKind::give_up_host
                       : VerdictKind::again;
    verdict.reason = error.message();
    verdict.host_failed = true;
  } catch (const ContentError& error) {
    verdict.kind = VerdictKind::again;
    verdict.reason = error.message();
    verdict.content_wrong = true;
  } catch (const Error& error) {
    verdict.kind = error.retry() == Retry::later ? VerdictKind::again : VerdictKind::fail;
    verdict.reason = error.message();
    verdict.retry_after = error.retry_after();
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception& error) {
    verdict.reason = std::string("internal error: ") + error.what();
  }
  return verdict;
}

}  // namespace image_syncer
