namespace Broker.Admin;

/// <summary>The HTTP APIs that this process serves itself: asked without a socket, whatever is asked of others who come by theirs.</summary>
public sealed class OwnSites
{
    private readonly List<(Func<string> Authority, OwnSite Site)> _sites = [];

    /// <summary>Says that what would go to an address is answered by a site of this process.</summary>
    /// <param name="authority">host:port, which may be known only once the server has started.</param>
    /// <param name="site">What answers.</param>
    public void Add(Func<string> authority, OwnSite site) => _sites.Add((authority, site));

    /// <summary>Who answers to a URL; null when it is not this process.</summary>
    public OwnSite? Find(Uri url)
    {
        foreach ((Func<string> authority, OwnSite site) in _sites)
        {
            if (url.Scheme == Uri.UriSchemeHttp && $"{url.Host}:{url.Port}".Equals(authority(), StringComparison.OrdinalIgnoreCase))
                return site;
        }
        return null;
    }
}
