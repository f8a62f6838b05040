using System.Text.Json;
using Broker.Serving.Http.Config;

namespace Broker.Gateway.Announcing;

/// <summary><c>nsqlookupd_tcp_addresses</c>, by which an operator has a broker that runs register elsewhere (spec 3.2).</summary>
/// <param name="announcer">Registers.</param>
public sealed class LookupAddressesOption(LookupAnnouncer announcer) : IWritableOption
{
    /// <inheritdoc/>
    public string Name => "nsqlookupd_tcp_addresses";

    /// <inheritdoc/>
    public OptionValue Value => OptionValue.Of(announcer.Addresses);

    /// <inheritdoc/>
    public bool TryWrite(string text)
    {
        try
        {
            string?[]? addresses = JsonSerializer.Deserialize(text, AnnouncingJson.Default.StringArray);
            // Go reads null as no list at all, and as an empty text within one.
            announcer.SetAddresses([.. (addresses ?? []).Select(address => address ?? "")]);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
