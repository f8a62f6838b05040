namespace Broker.Topics;

/// <summary>The only node hosts every topic, whether it has been opened yet or not.</summary>
public sealed class AllTopics : IHostedTopics
{
    /// <inheritdoc/>
    public IReadOnlyList<string>? Names => null;

    /// <inheritdoc/>
    public bool Hosts(string topic) => true;

    /// <inheritdoc/>
    public ITopicLane? FindLane(string topic) => null;

    /// <inheritdoc/>
    public Task Settled => Task.CompletedTask;
}
