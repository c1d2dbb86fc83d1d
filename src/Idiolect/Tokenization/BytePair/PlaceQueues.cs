namespace Idiolect.Tokenization;

/// <summary>
/// A priority queue of places in a piece, by rank and then by place. Where one rank's places come in ascending order, as
/// they nearly always do, each costs constant time; a place out of order costs a logarithm.
/// </summary>
internal sealed class PlaceQueues
{
    private readonly Dictionary<int, Line> _queues = [];
    private readonly PriorityQueue<Line, int> _waiting = new(); // the queues that are not empty, by rank

    internal void Enqueue(int rank, int place)
    {
        if (!_queues.TryGetValue(rank, out var queue))
        {
            _queues.Add(rank, queue = new Line());
        }
        if (queue.IsEmpty)
        {
            _waiting.Enqueue(queue, rank);
        }
        queue.Enqueue(place);
    }

    internal bool TryDequeue(out int rank, out int place)
    {
        place = -1;
        if (!_waiting.TryPeek(out var queue, out rank))
        {
            return false;
        }
        place = queue.Dequeue();
        if (queue.IsEmpty)
        {
            _waiting.Dequeue();
        }
        return true;
    }

    /// <summary>The places of one rank, smallest first.</summary>
    private sealed class Line
    {
        private readonly Queue<int> _ascending = new();
        private readonly PriorityQueue<int, int> _late = new();
        private int _last = -1;

        internal bool IsEmpty => _ascending.Count == 0 && _late.Count == 0;

        internal void Enqueue(int place)
        {
            if (_ascending.Count == 0 || place > _last)
            {
                _ascending.Enqueue(place);
                _last = place;
            }
            else
            {
                _late.Enqueue(place, place);
            }
        }

        internal int Dequeue()
            => _late.Count > 0 && (_ascending.Count == 0 || _late.Peek() < _ascending.Peek())
                ? _late.Dequeue()
                : _ascending.Dequeue();
    }
}
