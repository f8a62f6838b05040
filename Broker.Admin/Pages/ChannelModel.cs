namespace Broker.Admin;

/// <summary>A channel.</summary>
/// <param name="Channel">Its figures over all brokers.</param>
/// <param name="Figures">Its figures with its clients, as they were asked for.</param>
/// <param name="History">Its last hour.</param>
/// <param name="ConsumeAddress">host:port that consumers connect to.</param>
/// <param name="IsTopicPaused">Whether nothing comes because its topic is paused.</param>
public sealed record ChannelModel(ChannelSample Channel, ChannelFigures Figures, FigurePoint?[] History, string ConsumeAddress, bool IsTopicPaused)
{
    /// <summary>The topic's name.</summary>
    public string Topic => Figures.TopicName;

    /// <summary>The channel's name.</summary>
    public string Name => Figures.ChannelName;
}
