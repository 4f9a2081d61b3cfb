// SPDX-License-Identifier: Apache-2.0
#include "gpu/dynamic_library.h"

#include <dlfcn.h>

#include <utility>

namespace decodescope {

std::optional<DynamicLibrary> DynamicLibrary::open(const std::string& name) {
    void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return std::nullopt;
    return DynamicLibrary(handle);
}

DynamicLibrary::~DynamicLibrary() {
    if (m_handle)
        dlclose(m_handle);
}

DynamicLibrary::DynamicLibrary(DynamicLibrary&& other) noexcept
    : m_handle(std::exchange(other.m_handle, nullptr)) {}

DynamicLibrary& DynamicLibrary::operator=(DynamicLibrary&& other) noexcept {
    std::swap(m_handle, other.m_handle);
    return *this;
}

void* DynamicLibrary::address(const char* symbol) const {
    return dlsym(m_handle, symbol);
}

} // namespace decodescope
