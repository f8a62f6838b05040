using Orleans;

namespace Broker.Topics;

/// <summary>Hears of topics and channels that come and go.</summary>
[Alias("Broker.ITopologyObserver")]
public interface ITopologyObserver : IGrainObserver
{
    /// <summary>
    /// A topic, or a channel of it, has come or gone: ask the directory. Only a hint; a lost one shows at the next listing of all.
    /// </summary>
    [Alias("Changed")] void Changed(string topic);
}
