namespace Broker.Admin;

/// <summary>Whom the admin web asks. The lookup services can be changed while it runs (spec 5.1, <c>/config</c>).</summary>
public sealed class ClusterAddresses
{
    private readonly Func<string>? _ownLookup;
    private readonly Func<string>? _ownBroker;
    private volatile IReadOnlyList<string> _lookups;
    private readonly IReadOnlyList<string> _brokers;

    /// <param name="options">The addresses that the operator named.</param>
    /// <param name="ownLookup">This process's own lookup service, asked when none is named; null when it has none.</param>
    /// <param name="ownBroker">This process's own broker; null when it has none.</param>
    public ClusterAddresses(AdminOptions options, Func<string>? ownLookup = null, Func<string>? ownBroker = null)
    {
        bool isNamed = options.LookupdHttpAddresses.Count > 0 || options.NsqdHttpAddresses.Count > 0;
        _ownLookup = isNamed ? null : ownLookup;
        _ownBroker = isNamed ? null : ownBroker;
        _lookups = options.LookupdHttpAddresses;
        _brokers = options.NsqdHttpAddresses;
    }

    /// <summary>The lookup services; none when brokers are asked directly.</summary>
    public IReadOnlyList<string> Lookups => _lookups is { Count: > 0 } named ? named : _ownLookup is { } own ? [own()] : [];

    /// <summary>The brokers that are asked when there is no lookup service.</summary>
    public IReadOnlyList<string> Brokers => _brokers.Count > 0 ? _brokers : _ownBroker is { } own ? [own()] : [];

    /// <summary>The broker in this process, on which what is created comes into being at once; null when there is none.</summary>
    public string? OwnBroker => _ownBroker?.Invoke();

    /// <summary>Asks other lookup services from now on.</summary>
    public void SetLookups(IReadOnlyList<string> addresses) => _lookups = addresses;
}
