using Broker.Bench.Measuring;

namespace Broker.Bench.Versus;

/// <summary>Waits between turns until servers have done what the last turn has left to them: deleting, compacting, collecting garbage.</summary>
internal static class Quiet
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // A tenth of a core: two ticks of the kernel's counter in a look.
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(20);

    public static async Task AwaitAsync(IReadOnlyList<ServerProcess> servers, CancellationToken interrupt)
    {
        long end = MonotonicClock.Now + MonotonicClock.Nanoseconds(Patience);
        TimeSpan before = Spent();
        while (MonotonicClock.Now < end && !interrupt.IsCancellationRequested)
        {
            await Task.Delay(Look, CancellationToken.None);
            TimeSpan now = Spent();
            if (now - before <= Idle)
                return;
            before = now;
        }

        TimeSpan Spent() => TimeSpan.FromTicks(servers.Sum(server => server.ReadProcessorTime().Ticks));
    }
}
