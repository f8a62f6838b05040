namespace Broker.Admin;

/// <summary>A topic.</summary>
/// <param name="Topic">Its figures and its channels'.</param>
/// <param name="History">Its last hour.</param>
/// <param name="HasLookups">Whether a node can be tombstoned.</param>
/// <param name="PublishAddress">host:port that one publishes to.</param>
/// <param name="ConsumeAddress">host:port that consumers connect to.</param>
public sealed record TopicModel(TopicSample Topic, FigurePoint?[] History, bool HasLookups, string PublishAddress, string ConsumeAddress);
