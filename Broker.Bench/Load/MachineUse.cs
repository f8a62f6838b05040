using Broker.Bench.Measuring;

namespace Broker.Bench.Load;

/// <summary>Processor time that the server and this process had spent by a moment.</summary>
/// <param name="At">The moment.</param>
/// <param name="Server">Of the server; null if its process is not known.</param>
/// <param name="Generator">Of this process.</param>
internal readonly record struct MachineUse(long At, TimeSpan? Server, TimeSpan Generator)
{
    public static MachineUse Read(ServerProcess? server) =>
        new(MonotonicClock.Now, server?.ReadProcessorTime(), Environment.CpuUsage.TotalTime);
}
