namespace Broker.Client;

/// <summary>Where a producer publishes, and how patiently. Read once, when the producer is made.</summary>
public sealed class NsqProducerOptions : NsqClientOptions
{
    /// <summary>
    /// Servers to publish to, as host:port: one at a time, the next one when it fails. At least one is required.
    /// </summary>
    public IList<string> Addresses { get; init; } = [];

    /// <summary>
    /// Publishes (of one message or of many) that may be sent and not answered yet; further ones wait their turn. 1000 by
    /// default.
    /// </summary>
    public int MaxOutstanding { get; set; } = 1000;

    /// <summary>
    /// How long a publish may take, from the call to the server's answer, connecting included, before it fails. 10 s by
    /// default.
    /// </summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether what was sent over a connection that broke before the answer is sent again over the next one: nothing is lost
    /// then, and a message may come twice. On by default; when off, such a publish fails with
    /// <see cref="NsqConnectionException.MayHaveBeenPublished"/> set.
    /// </summary>
    public bool ResendAfterConnectionLoss { get; set; } = true;

    /// <summary>Greatest wait before connecting again. 5 s by default.</summary>
    public TimeSpan MaxReconnectDelay { get; set; } = TimeSpan.FromSeconds(5);

    internal override void Validate()
    {
        base.Validate();
        Require(Addresses.Count > 0, nameof(Addresses), "is empty");
        RequireAddresses(Addresses);
        Require(MaxOutstanding > 0, nameof(MaxOutstanding), "must be positive");
        Require(PublishTimeout > TimeSpan.Zero, nameof(PublishTimeout), "must be positive");
        Require(MaxReconnectDelay >= ReconnectDelay, nameof(MaxReconnectDelay), $"must be at least {nameof(ReconnectDelay)}");
    }
}
