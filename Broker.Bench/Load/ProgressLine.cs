using System.Globalization;
using Broker.Bench.Measuring;

namespace Broker.Bench.Load;

/// <summary>Writes a line a second that says how a run is going.</summary>
internal sealed class ProgressLine(TextWriter output, ServerProcess? server)
{
    private const double BytesPerMegabyte = 1e6;

    private readonly long _startedAt = MonotonicClock.Now;
    private long _toldAt = MonotonicClock.Now;
    private long _acknowledged;
    private long _received;
    private TimeSpan _serverTime = server?.ReadProcessorTime() ?? default;

    /// <summary>Writes, if it is time to.</summary>
    public void Tell(LoadPlan plan, long acknowledged, long received)
    {
        long now = MonotonicClock.Now;
        if (now - _toldAt < MonotonicClock.NanosecondsPerSecond)
            return;
        double seconds = (now - _toldAt) / (double)MonotonicClock.NanosecondsPerSecond;
        output.Write(string.Create(CultureInfo.InvariantCulture, $"{(now - _startedAt) / MonotonicClock.NanosecondsPerSecond,4} s"));
        if (plan.Publishes)
            output.Write(string.Create(CultureInfo.InvariantCulture, $"  published {(acknowledged - _acknowledged) / seconds,9:N0} msg/s"));
        if (plan.Consumes)
            output.Write(string.Create(CultureInfo.InvariantCulture, $"  received {(received - _received) / seconds,9:N0} msg/s"));
        if (plan.Work == Work.Both)
            output.Write(string.Create(CultureInfo.InvariantCulture, $"  behind {Math.Max(0, acknowledged * plan.Channels - received),9:N0}"));
        if (server is not null)
        {
            TimeSpan serverTime = server.ReadProcessorTime();
            output.Write(string.Create(CultureInfo.InvariantCulture,
                $"  server {(serverTime - _serverTime).TotalSeconds / seconds,4:P0} of a core  {server.ReadMemory().Resident / BytesPerMegabyte:N0} MB"));
            _serverTime = serverTime;
        }
        output.WriteLine();
        (_toldAt, _acknowledged, _received) = (now, acknowledged, received);
    }
}
