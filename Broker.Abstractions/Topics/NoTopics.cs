namespace Broker.Topics;

/// <summary>A gateway by itself hosts no topic.</summary>
public sealed class NoTopics : IHostedTopics
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Names => [];

    /// <inheritdoc/>
    public bool Hosts(string topic) => false;

    /// <inheritdoc/>
    public ITopicLane? FindLane(string topic) => null;

    /// <inheritdoc/>
    public Task Settled => Task.CompletedTask;
}
