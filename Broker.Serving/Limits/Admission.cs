using System.Net;

namespace Broker.Serving.Limits;

/// <summary>Counts connections, in all and by address, and says whether there may be one more.</summary>
/// <param name="limit">Connections in all; 0 for no limit.</param>
/// <param name="limitOfAddress">Connections of one address; 0 for no limit.</param>
/// <param name="tooMany">What one beyond the first limit is refused for.</param>
/// <param name="tooManyOfAddress">What one beyond the second is refused for.</param>
/// <param name="refusals">Counts them.</param>
public sealed class Admission(int limit, int limitOfAddress, RefusalReason tooMany, RefusalReason tooManyOfAddress, Refusals refusals)
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
            if (limit > 0 && _count >= limit)
            {
                reason = tooMany;
            }
            else if (address is null || limitOfAddress == 0)
            {
                _count++;
                return true;
            }
            else
            {
                int here = _byAddress.GetValueOrDefault(address);
                if (here < limitOfAddress)
                {
                    _byAddress[address] = here + 1;
                    _count++;
                    return true;
                }
                reason = tooManyOfAddress;
            }
        }
        refusals.Add(reason, address);
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
