// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <QFile>
#include <QMap>
#include <QRegularExpression>

#include "gpu/kernels/compiled_kernels.h"

using namespace decodescope;

/// What ptxas reported of each kernel that was compiled (-Xptxas -v): a kernel whose registers
/// spill to memory is slow in a way that no other test sees.
class TestKernelRegisters : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void everyArchitectureHasTheSameKernels();
    void noKernelSpills();
    void aSpillWouldBeSeen();

private:
    struct Kernel {
        QString name;
        QString architecture;
        int stackBytes = -1, spilledBytes = -1, registers = -1;
    };
    static QList<Kernel> parse(const QString& report);
    QList<Kernel> m_kernels;
};

QList<TestKernelRegisters::Kernel> TestKernelRegisters::parse(const QString& report) {
    static const QRegularExpression entry("Compiling entry function '(\\S+)' for '(sm_\\d+)'");
    static const QRegularExpression frame(
        "(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
    static const QRegularExpression used("Used (\\d+) registers");
    QList<Kernel> kernels;
    for (const QString& line : report.split('\n')) {
        if (const auto match = entry.match(line); match.hasMatch()) {
            kernels.append({match.captured(1), match.captured(2)});
        } else if (kernels.isEmpty()) {
            continue;
        } else if (const auto bytes = frame.match(line); bytes.hasMatch()) {
            kernels.last().stackBytes = bytes.captured(1).toInt();
            kernels.last().spilledBytes = bytes.captured(2).toInt() + bytes.captured(3).toInt();
        } else if (const auto count = used.match(line); count.hasMatch()) {
            kernels.last().registers = count.captured(1).toInt();
        }
    }
    return kernels;
}

void TestKernelRegisters::initTestCase() {
    for (const QString& path : QString(PTXAS_REPORTS).split('|')) {
        QFile file(path);
        QVERIFY2(file.open(QIODevice::ReadOnly | QIODevice::Text), qPrintable(path));
        m_kernels += parse(QString::fromUtf8(file.readAll()));
    }
}

void TestKernelRegisters::everyArchitectureHasTheSameKernels() {
    QMap<QString, int> kernelsOf;
    for (const Kernel& kernel : m_kernels)
        ++kernelsOf[kernel.architecture];
    const QStringList architectures = QString(CUDA_ARCHITECTURES).split('|');
    QCOMPARE(kernelsOf.size(), architectures.size());
    for (const QString& architecture : architectures)
        QCOMPARE(kernelsOf.value("sm_" + architecture),
                 static_cast<int>(gpu::compiledKernels().all.size()));
}

void TestKernelRegisters::noKernelSpills() {
    for (const Kernel& kernel : m_kernels) {
        const QString what = QString("%1 for %2: %3 bytes spilled, %4 of stack, %5 registers")
                                 .arg(kernel.name, kernel.architecture)
                                 .arg(kernel.spilledBytes)
                                 .arg(kernel.stackBytes)
                                 .arg(kernel.registers);
        QVERIFY2(kernel.spilledBytes == 0, qPrintable(what));
        QVERIFY2(kernel.stackBytes == 0, qPrintable(what));
        QVERIFY2(kernel.registers > 0 && kernel.registers <= 255, qPrintable(what));
    }
}

void TestKernelRegisters::aSpillWouldBeSeen() {
    const QList<Kernel> kernels =
        parse("ptxas info    : Compiling entry function '_Z1k' for 'sm_90'\n"
              "ptxas info    : Function properties for _Z1k\n"
              "    192 bytes stack frame, 384 bytes spill stores, 540 bytes spill loads\n"
              "ptxas info    : Used 128 registers, used 1 barriers\n");
    QCOMPARE(kernels.size(), 1);
    QCOMPARE(kernels[0].architecture, QString("sm_90"));
    QCOMPARE(kernels[0].stackBytes, 192);
    QCOMPARE(kernels[0].spilledBytes, 924);
    QCOMPARE(kernels[0].registers, 128);
}

QTEST_APPLESS_MAIN(TestKernelRegisters)
#include "test_kernel_registers.moc"
