using System.Net;
using Broker.Policies;

namespace Broker.Gateway;

/// <summary>Counts connections, in all and by address, and says whether there may be one more.</summary>
internal sealed class Admission(LimitOptions limits, Refusals refusals)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _count;

    /// <summary>Takes a place. Who is let in gives it back by <see cref="Leave"/>.</summary>
    /// <param name="address">The client's; null on a unix socket, of which only the number in all counts.</param>
    public bool TryEnter(IPAddress? address)
    {
        RefusalReason reason;
        lock (_sync)
        {
            if (limits.MaxConnections > 0 && _count >= limits.MaxConnections)
            {
                reason = RefusalReason.TooManyConnections;
            }
            else if (address is null || limits.MaxConnectionsPerAddress == 0)
            {
                _count++;
                return true;
            }
            else
            {
                int here = _byAddress.GetValueOrDefault(address);
                if (here < limits.MaxConnectionsPerAddress)
                {
                    _byAddress[address] = here + 1;
                    _count++;
                    return true;
                }
                reason = RefusalReason.TooManyConnectionsOfAddress;
            }
        }
        refusals.Add(reason, address?.ToString() ?? "a unix socket");
        return false;
    }

    /// <summary>Gives a place back.</summary>
    public void Leave(IPAddress? address)
    {
        lock (_sync)
        {
            _count--;
            if (address is null || !_byAddress.TryGetValue(address, out int here))
                return;
            if (here == 1)
                _byAddress.Remove(address);
            else
                _byAddress[address] = here - 1;
        }
    }
}
