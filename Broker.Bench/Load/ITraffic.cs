namespace Broker.Bench.Load;

/// <summary>The connections of a run, whatever protocol they speak.</summary>
public interface ITraffic : IAsyncDisposable
{
    /// <summary>The connections that publish, once connected.</summary>
    IReadOnlyList<IProducing> Producers { get; }

    /// <summary>The connections that consume, once connected.</summary>
    IReadOnlyList<IConsuming> Consumers { get; }

    /// <summary>Connects, and creates topics and channels.</summary>
    /// <exception cref="LoadException">The server cannot be reached, or refuses.</exception>
    Task ConnectAsync();

    /// <summary>Begins to publish and to consume; called once.</summary>
    void Start();

    /// <summary>Returns when nothing publishes or consumes any more, after the run has stopped.</summary>
    Task StopAsync();
}
