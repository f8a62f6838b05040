using System.Net;
using System.Net.Sockets;
using Broker.Silo.Hosting;

namespace Broker.Silo.Cluster;

/// <summary>The address at which the others of a cluster reach a silo.</summary>
internal static class AdvertisedAddress
{
    /// <summary>The address of a host; of this one when none is named.</summary>
    /// <exception cref="StartException">The name has no address.</exception>
    public static IPAddress Resolve(string name)
    {
        string host = name.Length > 0 ? name : Dns.GetHostName();
        if (IPAddress.TryParse(host, out IPAddress? literal))
            return literal;
        try
        {
            IPAddress[] found = Dns.GetHostAddresses(host);
            // A host that knows itself by loopback only has no other to offer.
            if (found.OrderBy(IPAddress.IsLoopback).ThenBy(found => found.AddressFamily != AddressFamily.InterNetwork).FirstOrDefault() is { } best)
                return best;
        }
        catch (SocketException)
        {
            // Falls through: an unknown name and a name without addresses are the same to the operator.
        }
        throw new StartException($"--advertised-address: host \"{host}\" cannot be resolved; give the address at which the other silos reach this one");
    }
}
