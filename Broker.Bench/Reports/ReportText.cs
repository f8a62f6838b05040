using System.Globalization;
using Broker.Bench.Load;
using Broker.Bench.Measuring;

namespace Broker.Bench.Reports;

/// <summary>Writes the figures of a run for people.</summary>
internal static class ReportText
{
    private const double BytesPerMegabyte = 1e6;

    public static void Write(TextWriter output, LoadReport report)
    {
        Line(output, "", Describe(report));
        if (report.Published is FlowReport published)
        {
            Line(output, "published", Flow(published));
            Latency(output, report.Batch == 1 ? "PUB answered" : "MPUB answered", published.Latency);
        }
        if (report.SendDelay is not null)
            Latency(output, "sent late", report.SendDelay);
        if (report.Received is FlowReport received)
        {
            Line(output, "received", Flow(received));
            Latency(output, "end to end", received.Latency);
        }
        if (report.EndToEndMessagesPerSecond is double rate)
            Line(output, "until drained", $"{Number(rate)} msg/s received{(report.Missing > 0 ? $", {Number(report.Missing.Value)} MISSING" : ", none missing")}");
        if (report.Redelivered > 0 || report.FailedFins > 0)
            Line(output, "", $"{Number(report.Redelivered)} redelivered, {Number(report.FailedFins)} FINs or REQs refused");
        if (report.ServerProcess is not null)
            Line(output, "server", Process(report.ServerProcess));
        Line(output, "generator", Process(report.Generator));
    }

    private static string Describe(LoadReport report)
    {
        string size = $"{report.Size} B";
        string publish = report.Batch == 1 ? "PUB" : $"MPUB of {report.Batch}";
        string pace = report.Rate > 0 ? $" at {Number(report.Rate)} msg/s" : $", pipeline {report.Pipeline}";
        string producing = $"{report.Producers} producers, {publish} x {size}{pace}";
        string consuming = $"{report.Consumers} consumers, RDY {report.Rdy}";
        string work = report.Work switch
        {
            Work.Publish => producing,
            Work.Consume => consuming,
            _ => $"{producing}; {consuming}",
        };
        string ended = report.Interrupted ? ", interrupted" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{report.Server}: {work}; {report.Topics} topics x {report.Channels} channels; {report.Seconds:N2} s{ended}");
    }

    private static string Flow(FlowReport flow) => string.Create(CultureInfo.InvariantCulture,
        $"{Number(flow.Messages)} messages  {Number(flow.MessagesPerSecond)} msg/s  {flow.MegabytesPerSecond:N1} MB/s");

    private static void Latency(TextWriter output, string label, LatencySummary? latency)
    {
        if (latency is not null)
        {
            Line(output, label, $"p50 {Time(latency.P50Us)}  p90 {Time(latency.P90Us)}  p99 {Time(latency.P99Us)}  "
                + $"p99.9 {Time(latency.P999Us)}  max {Time(latency.MaxUs)}");
        }
    }

    private static string Process(ProcessReport process) => string.Create(CultureInfo.InvariantCulture,
        $"CPU {process.CpuUsPerMessage:N2} us/message ({process.CpuCores:N2} cores)  RSS {process.ResidentBytes / BytesPerMegabyte:N1} MB (peak {process.PeakResidentBytes / BytesPerMegabyte:N1} MB)");

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Time(double microseconds) => microseconds switch
    {
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds:N0} us"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1e3:N1} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1e6:N1} s"),
    };

    private static void Line(TextWriter output, string label, string text) => output.WriteLine($"{label,-13}  {text}".TrimStart());
}
