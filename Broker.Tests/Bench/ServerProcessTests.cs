using System.Diagnostics;
using Broker.Bench.Measuring;
using Broker.Tests.Gateway;

namespace Broker.Tests.Bench;

public sealed class ServerProcessTests
{
    [Fact]
    public async Task What_a_child_spends_is_its_parents()
    {
        // The shell itself waits.
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", "while :; do :; done & wait"]))!;
        try
        {
            ServerProcess server = new([shell.Id]);
            await Eventually.TrueAsync(() => server.ReadProcessorTime() > TimeSpan.FromMilliseconds(30));
            Assert.True(server.ReadMemory().Resident > ResidentBytes(shell.Id));
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
        }
    }

    private static long ResidentBytes(int pid)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line["VmRSS:".Length..^"kB".Length].Trim()) * 1024;
    }
}
