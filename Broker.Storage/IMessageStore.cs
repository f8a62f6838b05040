namespace Broker.Storage;

/// <summary>Where topics' logs and records and channels' progress are kept: memory, files, or a database.</summary>
/// <remarks>
/// All members may be called from any thread. Waiting, time and I/O go through seams given from outside, so that the store runs
/// under virtual time and on a simulated disk.
/// </remarks>
public interface IMessageStore : IAsyncDisposable
{
    /// <summary>Names of all topics that have a record, in ordinal order.</summary>
    ValueTask<IReadOnlyList<string>> ListTopicsAsync();

    /// <summary>
    /// Names of a topic's channels, in ordinal order, without opening the topic; none when there is no such topic.
    /// </summary>
    /// <exception cref="StoreException">The topic's record cannot be read; the message says why.</exception>
    ValueTask<IReadOnlyList<string>> ListChannelsAsync(string topic);

    /// <summary>
    /// Opens a topic for writing under a new epoch; whoever had it open for writing before is refused from now on
    /// (<see cref="FencedException"/>). Recovers what an unclean end left.
    /// </summary>
    /// <param name="topic">Name of the topic.</param>
    /// <param name="create">Whether to make it when it is not there, under a new generation.</param>
    /// <returns>The topic's log, or null when it is not there and was not to be made.</returns>
    /// <exception cref="StoreException">The store cannot be read or written; the message says why. Trying again later may help.</exception>
    ValueTask<ITopicLog?> OpenTopicAsync(string topic, bool create);

    /// <summary>Opens a topic's log for reading; null when there is no such generation of the topic.</summary>
    ValueTask<ITopicReader?> OpenReaderAsync(string topic, int generation);

    /// <summary>Opens a channel's progress for writing under a new epoch; makes it when it is not there.</summary>
    /// <param name="topic">Name of the topic.</param>
    /// <param name="generation">Generation of the topic.</param>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="incarnation">Incarnation of the channel; what is kept of an older one is removed.</param>
    ValueTask<IChannelProgress> OpenChannelAsync(string topic, int generation, string channel, long incarnation);

    /// <summary>Removes a channel's progress with its files. Nothing happens when there is none, or only that of a newer incarnation.</summary>
    ValueTask DeleteChannelAsync(string topic, int generation, string channel, long incarnation);

    /// <summary>
    /// Writes a little, to see whether the store can write at all: a success heals <see cref="Failure"/>. What is wrong, in one line, or null
    /// when all is well. A store that has nothing to try says what its last write did.
    /// </summary>
    ValueTask<string?> ProbeAsync() => new(Failure);

    /// <summary>The last failure to write that no later success has healed, in one line; null when all is well.</summary>
    string? Failure { get; }
}
