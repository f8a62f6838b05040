using Orleans;
using Orleans.Concurrency;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>An observer of which grains ask something.</summary>
public interface IListener : IGrainObserver
{
    [ResponseTimeout("00:00:01")]
    Task<string> Answer(string text);

    [AlwaysInterleave]
    [ResponseTimeout("00:00:01")]
    Task<string> AnswerAlways(string text);

    [OneWay]
    void Hear(string text);
}
