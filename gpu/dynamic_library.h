// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace decodescope {

/// A shared library that is opened at run time: one that a machine may lack. It stays open as long
/// as this object, and what it gave out is valid no longer.
class DynamicLibrary {
public:
    /// `name` as the system's loader takes it: a file, or a name that it searches for. Nothing
    /// where there is none, or where what it needs is not there.
    [[nodiscard]] static std::optional<DynamicLibrary> open(const std::string& name);
    ~DynamicLibrary();
    DynamicLibrary(DynamicLibrary&& other) noexcept;
    DynamicLibrary& operator=(DynamicLibrary&& other) noexcept;
    DynamicLibrary(const DynamicLibrary&) = delete;
    DynamicLibrary& operator=(const DynamicLibrary&) = delete;

    /// `function` becomes the symbol, or nullptr where the library has none of this name. False
    /// then.
    template <typename Function>
    bool find(const char* symbol, Function*& function) const {
        function = reinterpret_cast<Function*>(address(symbol));
        return function != nullptr;
    }

private:
    explicit DynamicLibrary(void* handle) : m_handle(handle) {}
    [[nodiscard]] void* address(const char* symbol) const;

    void* m_handle = nullptr;
};

} // namespace decodescope
