using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Broker.Admin;

/// <summary>Sentences that wait for the page which follows an action; each is told once.</summary>
public sealed class Notices
{
    private const int WaitingAtMost = 1000;

    private readonly ConcurrentDictionary<string, Notice> _waiting = new(StringComparer.Ordinal);

    /// <summary>Keeps a sentence; the page that is given the key tells it.</summary>
    public string Add(Notice notice)
    {
        if (_waiting.Count >= WaitingAtMost)
            _waiting.Clear();
        string key = Convert.ToHexString(RandomNumberGenerator.GetBytes(8)).ToLowerInvariant();
        _waiting[key] = notice;
        return key;
    }

    /// <summary>The sentence, which nobody is told again; null when there is none.</summary>
    public Notice? Take(string? key) => key is not null && _waiting.TryRemove(key, out Notice? notice) ? notice : null;
}
