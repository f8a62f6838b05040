namespace Broker.Gateway.Connections;

/// <summary>What IDENTIFY can agree on for this connection (spec 1.7).</summary>
/// <param name="Tls">There is a certificate.</param>
/// <param name="Deflate">Deflate is allowed.</param>
/// <param name="Snappy">Snappy is allowed.</param>
/// <param name="AuthRequired">Clients have to log in.</param>
internal readonly record struct UpgradeOffer(bool Tls, bool Deflate, bool Snappy, bool AuthRequired);
