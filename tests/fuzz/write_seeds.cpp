// SPDX-License-Identifier: Apache-2.0
// fuzz_write_seeds FOLDER: the seeds of tests/fuzz/corpus, made by what the tests make files with.
// Configurations are seeds too, but are kept as files of their own in tests/data/hf_configs.
#include <QDir>
#include <QFile>

#include <cstdio>
#include <string>

#include "core/profile/event.h"
#include "tests/fuzz/targets.h"
#include "tests/unit/import/gguf_builder.h"
#include "tests/unit/profile/example_events.h"

namespace decodescope {
namespace {

QString root;

void write(const char* target, const char* name, const QByteArray& bytes) {
    const QDir folder(root + "/" + target);
    QFile file(folder.filePath(name));
    if (!folder.mkpath(".") || !file.open(QIODevice::WriteOnly) ||
        file.write(bytes) != bytes.size())
        qFatal("%s cannot be written", qPrintable(file.fileName()));
}

QByteArray mark() {
    return {fuzz::kPartMark.data(), static_cast<qsizetype>(fuzz::kPartMark.size())};
}

GgufBuilder architecture(const QByteArray& name, std::uint32_t layers) {
    GgufBuilder gguf;
    gguf.string("general.architecture", name)
        .number(name + ".block_count", layers)
        .number(name + ".embedding_length", 64)
        .number(name + ".attention.head_count", 4);
    return gguf;
}

void writeGguf() {
    write("gguf", "tensors", llamaWithTensors().head());
    write("gguf", "version-2", smallLlama().version(2).bytes());
    write("gguf", "per-layer-heads",
          GgufBuilder()
              .string("general.architecture", "deci")
              .number("deci.block_count", 3)
              .number("deci.embedding_length", 64)
              .numbers("deci.feed_forward_length", {128, 0, 64})
              .numbers("deci.attention.head_count", {8, 0, 8})
              .numbers("deci.attention.head_count_kv", {2, 0, 1})
              .bytes());
    write("gguf", "windows",
          architecture("gemma4", 3)
              .number("gemma4.attention.sliding_window", 128)
              .number("gemma4.attention.key_length", 32)
              .number("gemma4.attention.value_length", 32)
              .number("gemma4.attention.key_length_swa", 16)
              .number("gemma4.attention.value_length_swa", 16)
              .number("gemma4.attention.shared_kv_layers", 1)
              .flags("gemma4.attention.sliding_window_pattern", {true, false, true})
              .bytes());
    write("gguf", "latent",
          architecture("deepseek2", 3)
              .number("deepseek2.feed_forward_length", 256)
              .number("deepseek2.expert_feed_forward_length", 32)
              .number("deepseek2.expert_count", 8)
              .number("deepseek2.expert_used_count", 2)
              .number("deepseek2.expert_shared_count", 1)
              .number("deepseek2.leading_dense_block_count", 1)
              .number("deepseek2.nextn_predict_layers", 1)
              .number("deepseek2.attention.kv_lora_rank", 32)
              .number("deepseek2.attention.q_lora_rank", 16)
              .number("deepseek2.attention.key_length_mla", 24)
              .number("deepseek2.attention.value_length_mla", 16)
              .number("deepseek2.rope.dimension_count", 8)
              .tensor("blk.1.ffn_up_exps.weight", {64, 32, 8}, 1, 32768)
              .head());
    write("gguf", "delta",
          architecture("qwen3next", 4)
              .number("qwen3next.full_attention_interval", 4)
              .number("qwen3next.ssm.conv_kernel", 4)
              .number("qwen3next.ssm.state_size", 16)
              .number("qwen3next.ssm.group_count", 2)
              .number("qwen3next.ssm.time_step_rank", 4)
              .number("qwen3next.ssm.inner_size", 64)
              .bytes());
    write("gguf", "mamba",
          architecture("jamba", 2)
              .numbers("jamba.attention.head_count_kv", {0, 2})
              .number("jamba.ssm.conv_kernel", 4)
              .number("jamba.ssm.state_size", 16)
              .number("jamba.ssm.inner_size", 128)
              .bytes());
    write("gguf", "split", llamaPart(0).bytes() + mark() + llamaPart(1).bytes());
}

QByteArray tensors(const QByteArray& header, qsizetype dataBytes) {
    return GgufBuilder::text(header) + QByteArray(dataBytes, '\0'); // both start with a length
}

void writeSafetensors() {
    const QByteArray config =
        R"({"model_type":"llama","hidden_size":64,"intermediate_size":256,"num_hidden_layers":2,)"
        R"("num_attention_heads":8,"num_key_value_heads":2,"vocab_size":10})";
    const QByteArray two = R"({"__metadata__":{"format":"pt"},)"
                           R"("a":{"dtype":"BF16","shape":[64,10],"data_offsets":[0,1280]},)"
                           R"("b":{"dtype":"F8_E4M3","shape":[64],"data_offsets":[1280,1344]}})";
    const QByteArray one = R"({"c":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}})";
    write("safetensors", "alone", tensors(one, 16));
    write("safetensors", "with-config", config + mark() + tensors(two, 1344));
    const QByteArray index = R"({"metadata":{"total_size":1360},"weight_map":{)"
                             R"("a":"model-00001-of-00002.safetensors",)"
                             R"("b":"model-00001-of-00002.safetensors",)"
                             R"("c":"model-00002-of-00002.safetensors"}})";
    write("safetensors", "two-parts",
          config + mark() + index + mark() + tensors(two, 1344) + mark() + tensors(one, 16));
    write("safetensors", "one-part-missing", config + mark() + index + mark() + tensors(two, 1344));
}

void writeRecordings() {
    const Event events[] = {test::exampleRun(),
                            CalibrationEvent{1, "Some CPU", {1e10, 1e11, 2, true}},
                            Skipped{2, "MHA", 65536, 1, test::exampleError(), 100},
                            test::exampleMemory(),
                            test::exampleProgress(),
                            test::exampleSample(),
                            RunFailed{9, test::exampleError()},
                            RunDone{10, 1, false}};
    QByteArray lines;
    for (const Event& event : events) {
        const QByteArray line = QByteArray::fromStdString(toLine(event)) + '\n';
        write("recording", std::string(kind(event)).c_str(), line);
        lines += line;
    }
    write("recording", "whole", lines);
    write("recording", "cut", lines.chopped(40));
    write("recording", "array",
          "[" + QByteArray::fromStdString(toLine(test::exampleSample())) + "]");
}

void writeOptions() {
    const char* texts[] = {"24GiB",
                           "1.5e9",
                           "512M",
                           "10%",
                           "0.1",
                           "1K-1M*2",
                           "1024-8192+1024",
                           "4096,64K,1M",
                           "vllm:block=32,batched-tokens=8192,utilization=0.85",
                           "llama.cpp:swa-full,per-sequence,ubatch=2048",
                           "ollama:mla=latent,margin=1GiB,overhead=300MiB",
                           "sglang:unified",
                           "bfloat16",
                           "step"};
    int number = 0;
    for (const char* text : texts)
        write("options", ("option-" + std::to_string(number++)).c_str(), text);
}

} // namespace
} // namespace decodescope

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: fuzz_write_seeds FOLDER\n", stderr);
        return 2;
    }
    decodescope::root = argv[1];
    decodescope::writeGguf();
    decodescope::writeSafetensors();
    decodescope::writeRecordings();
    decodescope::writeOptions();
    return 0;
}
