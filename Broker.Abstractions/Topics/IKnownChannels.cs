namespace Broker.Topics;

/// <summary>
/// Which channels of a topic are known elsewhere. A topic asks when it is made, so that a message published here reaches the
/// channels that consumers have on other nodes (spec 2.1).
/// </summary>
public interface IKnownChannels
{
    /// <summary>
    /// Names of the channels that a new topic is to begin with: valid, not ephemeral, each once, ordered (ordinal). Takes seconds at
    /// most, and never fails: who does not answer in time knows none.
    /// </summary>
    ValueTask<IReadOnlyList<string>> FindAsync(string topic);
}
