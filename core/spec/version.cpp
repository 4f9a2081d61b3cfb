// SPDX-License-Identifier: Apache-2.0
#include "core/spec/version.h"

namespace decodescope {

std::string_view toolVersion() {
    return DECODESCOPE_VERSION;
}

} // namespace decodescope
