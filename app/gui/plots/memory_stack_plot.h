// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/plots/memory_stack_data.h"
#include "app/gui/plots/plot_widget.h"

namespace decodescope {

/// What a variant needs of a device's memory against context: the computed parts stacked, tinted
/// and dashed; measured allocations as solid columns that stand where their parts are computed to
/// begin; the line of what may be filled, and the longest context that stays below it.
class MemoryStackPlot : public PlotWidget {
    Q_OBJECT
public:
    explicit MemoryStackPlot(QWidget* parent = nullptr);
    void setData(const MemoryStackData& data);
    [[nodiscard]] const MemoryStackData& data() const { return m_data; }
    /// On: the axes reach to the capacity and the longest context. Off: to what was measured, or
    /// the chosen context.
    void setWholeCapacity(bool on);
    [[nodiscard]] QString description() const override;

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;
    [[nodiscard]] bool keepsLegend() const override { return true; }
    void addMenuActions(QMenu& menu) override;

signals:
    void wholeCapacityChanged(bool on);

private:
    void drawComputed();
    void drawMeasured(const MeasuredStack& stack);
    void drawColumn(const MeasuredStack& stack, MemoryPart part, double base, double bytes);
    void drawCapacity();
    void drawLongest();
    [[nodiscard]] bool fits() const;
    [[nodiscard]] double lastContext() const;
    /// The measured contexts near x on the axis; null: none is.
    [[nodiscard]] const MeasuredStack* measuredNear(double x) const;

    MemoryStackData m_data;
    bool m_wholeCapacity = true;
};

/// "weights", "KV cache", "workspace", "overhead".
[[nodiscard]] QString stackPartName(MemoryPart part);
/// What the worker's process holds beside its ledger, in words: "process holds 38.1 MiB beyond the
/// ledger", or less than it, or that nobody recorded it.
[[nodiscard]] QString beyondLedgerText(const MeasuredStack& stack);

} // namespace decodescope
