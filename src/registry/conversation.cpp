#include "registry/conversation.hpp"

#include "registry/answer_error.hpp"
#include "registry/host_address.hpp"
#include "registry/realm.hpp"
#include <image_syncer/util/redaction.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxRedirects = 10;
constexpr std::array kReads{RegistryVerb::manifest_head,
                            RegistryVerb::manifest_get,
                            RegistryVerb::blob_head,
                            RegistryVerb::blob_get};

template <typename Values>
bool is_one_of(const Values& values, const typename Values::value_type& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// A registry on the internet must not make its clients ask what only they can reach.
void refuse_way_inside(const std::string& registry_origin, const std::string& url) {
  if (is_local_host(split_origin(url).host) && !is_local_host(split_origin(registry_origin).host)) {
    throw Error("the registry at " + registry_origin + " points to " + redact_url(url) +
                ", an address of this machine: refused");
  }
}

}  // namespace

Conversation::Conversation(RegistryHost& host, Repository repository, Verb& verb)
    : host_(host),
      repository_(std::move(repository)),
      verb_(verb),
      authorizer_(host, repository_, verb) {}

Exchange::Step Conversation::next(const Exchange::Wake& wake) {
  const auto origin = host_.origin();
  if (!origin) {
    asking_ = Asking::ping;
    pinged_ = true;
    return ping_request();
  }
  if (!request_) {
    request_ = verb_.request(*origin);
    if (!request_) {
      return Exchange::Finished{};
    }
    request_->connection = host_.connection_to(request_->url);
    method_ = request_->method;
    redirects_ = 0;
    repeated_ = false;
  }
  asking_ = Asking::nothing;
  Request request = *request_;
  if (!at_registry(request.url)) {
    refuse_way_inside(*origin, request.url);
    authorizer_.leave_out();
    asking_ = Asking::verb;
    return request;
  }
  try {
    auto first = authorizer_.authorize(request, wake);
    if (Request* const for_token = std::get_if<Request>(&first)) {
      for_token->connection = host_.connection_to(for_token->url);
      asking_ = Asking::token;
      return std::move(*for_token);
    }
    if (std::holds_alternative<Exchange::Waiting>(first)) {
      return Exchange::Waiting{};
    }
  } catch (const Error& error) {
    if (!verb_.refused(error)) {
      throw;
    }
    begin_anew();
    return next(wake);  // a verb has no more than one other way
  }
  asking_ = Asking::verb;
  return request;
}

void Conversation::begin_anew() {
  authorizer_.abandon();
  request_.reset();
  asking_ = Asking::nothing;
}

bool Conversation::at_registry(const std::string& url) const {
  const auto registry = host_.origin();
  return registry && same_origin(url, *registry);
}

Downgrade Conversation::downgrade() const {
  return host_.settings().insecure ? Downgrade::allow : Downgrade::refuse;
}

RegistryError Conversation::error_of(const Response& response) const {
  const bool by_storage = is_one_of(kReads, verb_.kind()) && !at_registry(response.url);
  return answer_error(by_storage ? RegistryVerb::storage : verb_.kind(),
                      host_.name(),
                      repository_.path,
                      method_,
                      response);
}

Request Conversation::ping_request() {
  Request request;
  request.url = ping_url_.empty() ? host_.origin_to_try(try_http_) + "/v2/" : ping_url_;
  request.connection = host_.connection_to(request.url);
  return request;
}

void Conversation::on_response(Response response) {
  if (asking_ != Asking::token && at_registry(response.url)) {
    host_.hear(response.headers);
  }
  switch (asking_) {
    case Asking::ping:
      on_ping(response);
      break;
    case Asking::token:
      if (!authorizer_.on_token(response)) {
        begin_anew();
      }
      break;
    case Asking::verb:
      on_verb(std::move(response));
      break;
    case Asking::nothing:
      assert(false);
      break;
  }
}

void Conversation::on_ping(const Response& response) {
  if (is_redirect(response.status) && follow_ping_redirect(response)) {
    return;
  }
  if (response.status != 200 && response.status != 401) {
    throw answer_error(RegistryVerb::ping, host_.name(), "", Method::get, response);
  }
  std::string origin = host_.origin_to_try(try_http_);
  if (!same_origin(origin, response.url)) {
    origin = response.url.substr(0, response.url.find('/', std::string_view("https://").size()));
  }
  authorizer_.on_ping(response, origin);
  host_.set_origin(origin);
}

// The registry is where its name says: it may add a slash or turn to https, but whoever is
// elsewhere has to be named.
bool Conversation::follow_ping_redirect(const Response& response) {
  const auto location = response.headers.find("Location");
  if (!location) {
    return false;
  }
  const std::string url = resolve_location(response.url, *location, downgrade());
  if (!stays_at_host(response.url, url)) {
    throw RegistryError("GET " + redact_url(response.url) + ": " + host_.name() +
                            " redirects to another host, " + redact_url(url) +
                            ": use the name of the registry itself",
                        {host_.name(), "", response.status, {}, {}, ErrorClass::registry});
  }
  count_redirect(Method::get, response);
  ping_url_ = url;
  return true;
}

void Conversation::count_redirect(Method method, const Response& response) {
  if (++redirects_ > kMaxRedirects) {
    throw Error(std::string(to_string(method)) + " " + redact_url(response.url) + ": more than " +
                std::to_string(kMaxRedirects) + " redirects");
  }
}

void Conversation::on_verb(Response response) {
  if (response.status != 401) {
    authorizer_.on_answer(response.status);
  } else if (at_registry(response.url) && verb_.insists() &&
             authorizer_.on_unauthorized(response, error_of(response)) &&
             !std::exchange(repeated_, true)) {
    return;
  }
  if (is_redirect(response.status) && follow_redirect(response)) {
    return;
  }
  request_.reset();
  verb_.answer(std::move(response));
}

bool Conversation::follow_redirect(const Response& response) {
  const auto location = response.headers.find("Location");
  const bool read_only = method_ == Method::get || method_ == Method::head;
  if (!location || (!read_only && response.status != 307 && response.status != 308)) {
    return false;
  }
  count_redirect(method_, response);
  std::string url = resolve_location(response.url, *location, downgrade());
  const bool is_ping = verb_.kind() == RegistryVerb::ping || verb_.kind() == RegistryVerb::login;
  if (is_ping && !at_registry(url)) {
    return false;  // its answer would not be the registry's
  }
  request_->url = std::move(url);
  request_->connection = host_.connection_to(request_->url);
  return true;
}

void Conversation::on_failure(const TransportError& error) {
  if (asking_ == Asking::ping) {
    const bool no_tls = error.failure() == TransportFailure::connection_refused ||
                        error.failure() == TransportFailure::tls_not_spoken;
    if (!host_.settings().insecure || host_.settings().plain_http || try_http_ || !no_tls) {
      throw error;
    }
    try_http_ = true;
    ping_url_.clear();
  } else if (asking_ == Asking::token) {
    authorizer_.on_no_token(error);
    throw error;
  } else {
    authorizer_.abandon();
    request_.reset();
    verb_.no_answer(error);
  }
}

}  // namespace image_syncer
