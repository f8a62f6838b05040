namespace Broker.Admin;

/// <summary>A channel at one moment.</summary>
/// <param name="Figures">Its figures over all brokers.</param>
/// <param name="Rate">Messages that came in a second.</param>
/// <param name="FinishRate">Messages that it got rid of in a second: finished, or emptied.</param>
public sealed record ChannelSample(ChannelFigures Figures, double Rate, double FinishRate)
{
    /// <summary>Its name.</summary>
    public string Name => Figures.ChannelName;
}
