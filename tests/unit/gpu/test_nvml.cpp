// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "fake_nvml.h"
#include "gpu/dynamic_library.h"
#include "gpu/nvml.h"

using namespace decodescope;
using test::FakeNvml;

/// NVML is opened at run time; what it lacks or refuses is absent, and nothing else suffers.
class TestNvml : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void aMissingLibraryIsNoFailure();
    void aLibraryThatLacksItsCallsIsNotUsed();
    void aLibraryThatDoesNotStartIsNotUsed();
    void itIsStoppedAsOftenAsStarted();
    void aGpuIsFoundByItsPlaceOnTheBus();
    void conditionsAreTold();
    void whatIsRefusedIsAbsent();
    void aGpuThatIsNotFoundTellsNothing();
    void throttleReasonsAreWords();
    void theMemoryOfAProcessIsFoundAmongMany();

private:
    std::optional<DynamicLibrary> m_library; ///< kept open, so that its settings stay
    FakeNvml* m_fake = nullptr;
};

static constexpr const char* kBusId = "00000000:65:00.0";

void TestNvml::initTestCase() {
    m_library = DynamicLibrary::open(FAKE_NVML);
    QVERIFY(m_library.has_value());
    QVERIFY(m_library->find("fakeNvml", m_fake));
}

void TestNvml::init() {
    *m_fake = FakeNvml{};
}

void TestNvml::aMissingLibraryIsNoFailure() {
    QVERIFY(!Nvml::open("libno-such-library.so.1"));
}

void TestNvml::aLibraryThatLacksItsCallsIsNotUsed() {
    QVERIFY(DynamicLibrary::open("libm.so.6").has_value());
    QVERIFY(!Nvml::open("libm.so.6"));
}

void TestNvml::aLibraryThatDoesNotStartIsNotUsed() {
    m_fake->initStatus = 9; // NVML_ERROR_DRIVER_NOT_LOADED
    QVERIFY(!Nvml::open(FAKE_NVML));
    QCOMPARE(m_fake->stopped, 0);
}

void TestNvml::itIsStoppedAsOftenAsStarted() {
    QVERIFY(Nvml::open(FAKE_NVML));
    QCOMPARE(m_fake->started, 1);
    QCOMPARE(m_fake->stopped, 1);
}

void TestNvml::aGpuIsFoundByItsPlaceOnTheBus() {
    QCOMPARE(pciBusId(0, 0x65, 0), std::string(kBusId));
    QCOMPARE(pciBusId(0x1a, 0xc1, 2), std::string("0000001a:c1:02.0"));
    const auto nvml = Nvml::open(FAKE_NVML);
    QVERIFY(nvml);
    static_cast<void>(nvml->conditions("0000001a:c1:02.0"));
    QCOMPARE(QString(m_fake->busId), QString("0000001a:c1:02.0"));
}

void TestNvml::conditionsAreTold() {
    const auto nvml = Nvml::open(FAKE_NVML);
    QVERIFY(nvml);
    m_fake->reasons = 0x04;
    const DeviceConditions now = nvml->conditions(kBusId);
    QCOMPARE(now.smClockMhz, std::optional(1980.0));
    QCOMPARE(now.memoryClockMhz, std::optional(2619.0));
    QCOMPARE(now.powerWatts, std::optional(413.5));
    QCOMPARE(now.temperatureCelsius, std::optional(61.0));
    QCOMPARE(now.energyJoules, std::optional(123456.789));
    QCOMPARE(now.throttleReasons, std::vector<std::string>{"power cap"});
}

void TestNvml::whatIsRefusedIsAbsent() {
    constexpr int notSupported = 3;
    const auto nvml = Nvml::open(FAKE_NVML);
    QVERIFY(nvml);
    m_fake->clockStatus = m_fake->powerStatus = m_fake->energyStatus = notSupported;
    m_fake->reasonsStatus = notSupported;
    m_fake->reasons = 0x04;
    const DeviceConditions now = nvml->conditions(kBusId);
    QCOMPARE(now, (DeviceConditions{{}, {}, {}, 61.0, {}, {}}));
}

void TestNvml::aGpuThatIsNotFoundTellsNothing() {
    const auto nvml = Nvml::open(FAKE_NVML);
    QVERIFY(nvml);
    m_fake->handleStatus = 6; // NVML_ERROR_NOT_FOUND
    QCOMPARE(nvml->conditions(kBusId), DeviceConditions{});
    QVERIFY(!nvml->processBytes(kBusId, 70));
}

void TestNvml::throttleReasonsAreWords() {
    QVERIFY(throttleReasons(0).empty());
    QVERIFY(throttleReasons(0x01).empty()); // an idle GPU
    QCOMPARE(throttleReasons(0x64), (std::vector<std::string>{"power cap", "temperature",
                                                              "temperature, by the hardware"}));
}

void TestNvml::theMemoryOfAProcessIsFoundAmongMany() {
    const auto nvml = Nvml::open(FAKE_NVML);
    QVERIFY(nvml);
    QCOMPARE(nvml->processBytes(kBusId, 71), std::optional<std::uint64_t>(1001));
    QVERIFY(!nvml->processBytes(kBusId, 72));
    m_fake->processes = 200; // more than there was room for at first
    QCOMPARE(nvml->processBytes(kBusId, 269), std::optional<std::uint64_t>(1199));
    m_fake->firstBytes = ~0ULL; // the driver keeps no count
    QVERIFY(!nvml->processBytes(kBusId, 70));
}

QTEST_APPLESS_MAIN(TestNvml)
#include "test_nvml.moc"
