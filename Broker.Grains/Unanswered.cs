using Orleans.Runtime;

namespace Broker.Grains;

/// <summary>Calls to other grains that got no answer: too late, or their silo is gone. Whether they were carried out is not known.</summary>
internal static class Unanswered
{
    /// <summary>Whether an exception says so.</summary>
    public static bool Covers(Exception exception) => exception is TimeoutException or OperationCanceledException or OrleansException;
}
