using Orleans;

namespace Broker.Bench.Micro;

/// <summary>What a call of a grain costs by itself.</summary>
public interface IEchoGrain : IGrainWithStringKey
{
    /// <summary>Answers at once.</summary>
    ValueTask<int> EchoAsync(int number);

    /// <summary>Answers in a second turn.</summary>
    ValueTask<int> EchoLaterAsync(int number);
}
