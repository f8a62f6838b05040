namespace Broker.Admin;

/// <summary>A topic at one moment.</summary>
/// <param name="Figures">Its figures over all brokers.</param>
/// <param name="Rate">Messages that came in a second.</param>
/// <param name="Channels">Its channels by name.</param>
/// <param name="IsActive">Whether any broker has it.</param>
public sealed record TopicSample(TopicFigures Figures, double Rate, IReadOnlyList<ChannelSample> Channels, bool IsActive)
{
    /// <summary>A topic as some broker has it, of which no rates are known.</summary>
    public static TopicSample Of(TopicFigures figures) =>
        new(figures, 0, [.. (figures.Channels ?? []).Select(static channel => new ChannelSample(channel, 0, 0))], true);

    /// <summary>Its name.</summary>
    public string Name => Figures.TopicName;

    /// <summary>Messages that wait: in the topic itself, and in each of its channels.</summary>
    public long Depth { get; } = Figures.Depth + Channels.Sum(static channel => channel.Figures.Depth);

    /// <summary>Messages that consumers have.</summary>
    public long InFlight { get; } = Channels.Sum(static channel => channel.Figures.InFlight);

    /// <summary>Messages that are held back.</summary>
    public long Deferred { get; } = Channels.Sum(static channel => channel.Figures.Deferred);

    /// <summary>Consumers of all channels.</summary>
    public int Clients { get; } = Channels.Sum(static channel => channel.Figures.ClientCount);

    /// <summary>Channels that are paused.</summary>
    public int PausedChannels { get; } = Channels.Count(static channel => channel.Figures.IsPaused);

    /// <summary>A channel; null when there is none of that name.</summary>
    public ChannelSample? Find(string channel) => Channels.FirstOrDefault(known => known.Name == channel);
}
