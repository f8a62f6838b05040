using Broker.Tests.Simulation;

namespace Broker.Tests.Gateway;

/// <summary>Calls that take their time at a grain and are given up by their caller before, as on a cluster with more to do than it can.</summary>
internal sealed class SlowGrain(VirtualTimeProvider clock, TimeSpan responseTimeout)
{
    private readonly Lock _gate = new();
    private int _atWork;

    /// <summary>How long a call takes.</summary>
    public TimeSpan Takes { get; set; }

    public int Calls { get; private set; }

    /// <summary>The most calls that the grain had to do at once, those included that nobody waits for any more.</summary>
    public int MostAtWork { get; private set; }

    public async Task<T> CallAsync<T>(Func<T> work) => await WorkAsync(work).WaitAsync(responseTimeout, clock);

    /// <summary>Lets time pass, with a moment now and then for what the clock has woken.</summary>
    public async Task PassAsync(TimeSpan time, Func<bool>? until = null)
    {
        TimeSpan end = clock.Elapsed + time;
        while (clock.Elapsed < end && until?.Invoke() != true)
        {
            clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(1);
        }
    }

    private async Task<T> WorkAsync<T>(Func<T> work)
    {
        lock (_gate)
        {
            Calls++;
            MostAtWork = Math.Max(MostAtWork, ++_atWork);
        }
        if (Takes > TimeSpan.Zero)
            await Task.Delay(Takes, clock);
        lock (_gate)
            _atWork--;
        return work();
    }
}
