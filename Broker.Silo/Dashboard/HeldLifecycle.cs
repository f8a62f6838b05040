using Orleans;
using Orleans.Runtime;

namespace Broker.Silo.Dashboard;

/// <summary>Stands for the life of a silo before those who would begin with it: they begin and end when they are told to, and may again.</summary>
internal sealed class HeldLifecycle : ISiloLifecycle
{
    private readonly List<(int Stage, ILifecycleObserver Observer)> _observers = [];

    /// <summary>The silo is up: nobody is told anything before.</summary>
    public int HighestCompletedStage => ServiceLifecycleStage.Last;

    /// <inheritdoc/>
    public int LowestStoppedStage => ServiceLifecycleStage.Last;

    /// <inheritdoc/>
    public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
    {
        _observers.Add((stage, observer));
        return new Subscription(() => _observers.RemoveAll(subscribed => subscribed.Observer == observer));
    }

    /// <summary>Begins, from the first stage to the last.</summary>
    public async Task StartAsync()
    {
        foreach ((_, ILifecycleObserver observer) in _observers.OrderBy(subscribed => subscribed.Stage))
            await observer.OnStart(CancellationToken.None);
    }

    /// <summary>Ends, from the last stage to the first.</summary>
    public async Task StopAsync()
    {
        foreach ((_, ILifecycleObserver observer) in _observers.OrderByDescending(subscribed => subscribed.Stage))
            await observer.OnStop(CancellationToken.None);
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
