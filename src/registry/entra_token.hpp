#pragma once

#include <image_syncer/http/message.hpp>
#include <image_syncer/util/redaction.hpp>

#include <optional>
#include <string>

namespace image_syncer {

/// Whether a credential's secret is an access token of Microsoft Entra (a JWT that it issued):
/// Azure Container Registry takes none, but gives a refresh token of its own for it.
[[nodiscard]] bool is_entra_token(const Secret& secret);

/// The request that exchanges `access_token` (Azure Container Registry, `/oauth2/exchange` beside
/// the realm `/oauth2/token`); its answer has the `refresh_token`. Absent when the realm is not one
/// of Azure's form.
[[nodiscard]] std::optional<Request> entra_exchange(const std::string& realm,
                                                    const std::string& service,
                                                    const Secret& access_token);

}  // namespace image_syncer
