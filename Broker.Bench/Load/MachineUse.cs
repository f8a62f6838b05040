using System.Diagnostics;
using Broker.Bench.Measuring;
using Broker.Bench.Reports;

namespace Broker.Bench.Load;

/// <summary>What the server and this process had used of the machine by a moment.</summary>
/// <param name="At">The moment.</param>
/// <param name="Server">Processor time of the server; null if its process is not known.</param>
/// <param name="ServerMemory">Resident bytes of the server, then and at most.</param>
/// <param name="Generator">Processor time of this process.</param>
internal readonly record struct MachineUse(long At, TimeSpan? Server, (long Resident, long Peak) ServerMemory, TimeSpan Generator)
{
    public static MachineUse Read(ServerProcess? server) => new(
        MonotonicClock.Now, server?.ReadProcessorTime(), server?.ReadMemory() ?? default, Environment.CpuUsage.TotalTime);

    /// <summary>What the server cost since an earlier moment; null if its process is not known.</summary>
    public ProcessReport? ServerCost(MachineUse begin, long messages) => Server - begin.Server is TimeSpan spent
        ? Cost(spent, At - begin.At, messages, ServerMemory.Resident, ServerMemory.Peak)
        : null;

    /// <summary>What this process cost since an earlier moment.</summary>
    public ProcessReport GeneratorCost(MachineUse begin, long messages)
    {
        using Process self = Process.GetCurrentProcess();
        return Cost(Generator - begin.Generator, At - begin.At, messages, self.WorkingSet64, self.PeakWorkingSet64);
    }

    private static ProcessReport Cost(TimeSpan spent, long nanoseconds, long messages, long resident, long peak) => new(
        messages == 0 ? 0 : spent.TotalMicroseconds / messages,
        spent.TotalSeconds * MonotonicClock.NanosecondsPerSecond / nanoseconds,
        resident,
        peak);
}
