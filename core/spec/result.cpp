// SPDX-License-Identifier: Apache-2.0
#include "core/spec/result.h"

namespace decodescope {

int exitCode(ErrorCode code) {
    switch (code) {
    case ErrorCode::RunFailed:
        return 1;
    case ErrorCode::BadUsage:
        return 2;
    case ErrorCode::FileUnreadable:
        return 3;
    case ErrorCode::OutputNotWritten:
        return 4;
    case ErrorCode::DeviceUnavailable:
        return 5;
    case ErrorCode::OutOfMemory:
        return 6;
    case ErrorCode::SlowerThanBaseline:
        return 7;
    case ErrorCode::Interrupted:
        return 130;
    }
    return 1;
}

std::string Error::sentence() const {
    std::string text = where.empty() ? what : where + ": " + what;
    if (!text.empty() && text.back() != '.')
        text += '.';
    if (!hint.empty())
        text += " " + hint;
    return text;
}

} // namespace decodescope
